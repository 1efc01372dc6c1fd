"""What the server says of itself.

Its CapabilityStatement, and how clients get a token (SMART App Launch 2.2, Backend Services).
"""

from __future__ import annotations

from datetime import date
from importlib.metadata import version
from typing import Any

from cds_service.dtr.versions import Spoken
from cds_service.security.access_tokens import SCOPES
from cds_service.security.client_algorithms import ALGORITHMS

Json = dict[str, Any]
_DTR = "http://hl7.org/fhir/us/davinci-dtr/OperationDefinition/"


def capability_statement(spoken: Spoken, address: str, day: date, *, guarded: bool, talks: bool) -> Json:
    """Return the CapabilityStatement of one version at its address.

    ``guarded`` says that a token is needed, ``talks`` that adaptive forms can go on.
    """
    next_question = (
        f"{_DTR}DTR-Questionnaire-next-question"
        if spoken.version == "2.2"
        else ("http://hl7.org/fhir/uv/sdc/OperationDefinition/Questionnaire-next-question")
    )
    security: Json = {"cors": True}
    if guarded:
        system = "http://terminology.hl7.org/CodeSystem/restful-security-service"
        security["service"] = [{"coding": [{"system": system, "code": "SMART-on-FHIR"}]}]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": day.isoformat(),
        "kind": "instance",
        "instantiates": ["http://hl7.org/fhir/us/davinci-dtr/CapabilityStatement/dtr-payer-service-311"],
        "software": {"name": "cds_service", "version": version("cds-service")},
        "implementation": {"description": f"Forms of medical policies, by Da Vinci DTR {spoken.version}", "url": address},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "security": security,
                "resource": [
                    {
                        "type": "Questionnaire",
                        "operation": [
                            {"name": "questionnaire-package", "definition": f"{_DTR}questionnaire-package"},
                            *([{"name": "next-question", "definition": next_question}] if talks else []),
                            {"name": "log-questionnaire-errors", "definition": f"{_DTR}log-questionnaire-errors"},
                        ],
                    },
                    {
                        "type": "ValueSet",
                        "operation": [{"name": "expand", "definition": "http://hl7.org/fhir/OperationDefinition/ValueSet-expand"}],
                    },
                ],
            }
        ],
    }


def smart_configuration(token_endpoint: str) -> Json:
    """Return what a client needs to know to get a token."""
    return {
        "token_endpoint": token_endpoint,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": list(SCOPES),
        "capabilities": ["client-confidential-asymmetric", "permission-v2"],
    }
