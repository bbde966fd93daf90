"""Flask pages with htmx fragments, the JSON API and public endpoints."""
