"""The node type contract, its registry and the built-in node types."""
