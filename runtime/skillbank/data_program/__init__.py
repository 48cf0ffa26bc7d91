"""The program behind the bank's skills for data sets: it checks, converts and divides as a job.

``skillbank data program ACTION -e SPEC`` runs it, `python -m skillbank.data_program` prints its schemas.
"""
