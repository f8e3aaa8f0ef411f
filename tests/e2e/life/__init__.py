"""All of Rapport on real parts, from a publisher's event to a customer's answer."""
