"""Forms that ask for what is open, and their draft responses.

Forms are FHIR R4 Questionnaires; each is handed out with a QuestionnaireResponse.
"""
