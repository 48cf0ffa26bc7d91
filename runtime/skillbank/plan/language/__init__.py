"""Reading plain language as a cascade: every stage turns the phrases that it knows into one token each."""
