"""HealthChain's order-sign service with a constant card, written as its documentation writes one, for ``bench.peers``."""

from __future__ import annotations

from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.models import Card, CDSRequest, CDSResponse

from bench.constant_card import CARD

app = HealthChainAPI(title="A constant card")
cds = CDSHooksService()


@cds.hook("order-sign", id="medical-policy")  # type: ignore[untyped-decorator]
def sign(request: CDSRequest) -> CDSResponse:
    """The constant card, whatever was asked."""
    return CDSResponse(cards=[Card(**CARD)])


app.register_service(cds, path="/cds")
