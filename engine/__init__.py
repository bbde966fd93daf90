"""Intake, matching, enrolling, the batch walk, timers, outbox and channels."""
