"""The four services of Rapport and the libraries they share."""
