"""Mutants that prove the contract kit: each breaks clauses, and a test must fail.

The mutants that ship break some clauses. The ones here break the others; most are
generated from the tables of the contract. ``make mutants`` runs all of them.
"""
