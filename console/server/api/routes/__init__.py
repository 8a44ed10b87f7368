"""The routes of both APIs, one file a place. Each only converts between HTTP and a service."""
