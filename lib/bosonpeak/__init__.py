"""Executable reproductions of five accounts of the boson peak.

Importing this package imports nothing else: `import bosonpeak.networks` needs numpy and scipy only.
"""

__version__ = "0.1.0"
