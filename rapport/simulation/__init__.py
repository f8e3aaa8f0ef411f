"""What outreach brought in a simulated population. It says nothing of real customers."""
