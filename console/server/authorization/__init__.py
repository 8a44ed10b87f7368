"""Authorization: tasks, decisions, approvals, grants and bundles. It knows the store's port and the policy engine."""
