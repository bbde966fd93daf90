"""What pages show: queries that only read, bounded whatever the size of the database, the same number a page."""
