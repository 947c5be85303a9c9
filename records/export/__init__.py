"""Everything that is held on a person, as FHIR resources and as a document that can be read."""
