"""Word to people who are not looking: notices made of the plane's events, and sent to the webhooks of its configuration."""
