"""Forms made from node types: a type's settings become fields, macros draw them, and posted text becomes settings."""
