"""Drafts: edits, checks, layout and publishing of graphs."""
