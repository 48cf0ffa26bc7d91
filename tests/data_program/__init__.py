"""Tests of the program behind the skills for data sets."""
