"""The National Crime Agency of the United Kingdom: what a person carries into its portal.

Never run against the real service. Source: public descriptions of the duty and of the portal, read in August
2026. There is no public description of the agency's API, and its own forms were not seen. So there is no
adapter for the API: what would be one goes beside `pack.py`, once somebody has its description.
"""
