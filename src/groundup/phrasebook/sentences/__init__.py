"""Sentence patterns: functions that draw one random syntax tree each."""
