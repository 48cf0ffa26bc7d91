"""How well plain language is read: requests with their exact readings, against the plans that come out."""
