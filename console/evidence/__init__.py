"""Evidence: framework catalogues, what the audit record says about them, and reports. Pure; it knows the models only."""
