"""HL7 FHIR: observations of any service."""
