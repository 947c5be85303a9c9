"""SMART Scheduling Links: free times for other people's finders.

https://github.com/smart-on-fhir/smart-scheduling-links/blob/master/specification.md

What is public on the pages of doctors and centres is public here too, and nothing else.
"""
