"""Observables: one module each, arrays in, numbers with errors out."""
