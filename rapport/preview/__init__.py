"""What a playbook would do for one customer, worked out by the services' own functions."""
