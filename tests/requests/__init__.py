"""Requests in plain language, and which sets of them the reader has seen."""

SEEN = ("development", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
UNSEEN = ("tenth", "ninth", "eleventh")
