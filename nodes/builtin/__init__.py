"""The node types that come with Wayfare, one module each."""
