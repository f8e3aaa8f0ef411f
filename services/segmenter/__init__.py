"""Who this customer is now, and which playbook answers what happened."""
