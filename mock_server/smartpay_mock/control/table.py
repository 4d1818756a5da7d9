"""Every route of the control plane, one row each."""

from __future__ import annotations

from smartpay_mock.control import actions, bodies, describe, service
from smartpay_mock.control.routes import Route

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/health",
        service.health,
        "Is it alive?",
        needs_account=False,
        is_open=True,
    ),
    Route(
        "GET",
        "/ready",
        service.ready,
        "Can it serve?",
        needs_account=False,
        is_open=True,
    ),
    Route(
        "GET", "/version", service.show_version, "Which version?", needs_account=False
    ),
    Route(
        "GET", "/settings", service.show_settings, "Its settings.", needs_account=False
    ),
    Route(
        "GET",
        "/openapi.json",
        describe.show_admin,
        "This control plane as OpenAPI 3.1.",
        needs_account=False,
    ),
    Route(
        "GET",
        "/magic",
        actions.show_magic,
        "Values that make outcomes happen.",
        needs_account=False,
    ),
    Route("POST", "/reset", actions.reset, "Forget everything of the account."),
    Route("GET", "/state", actions.show_state, "What the account holds."),
    Route("POST", "/seed", actions.set_seed, "Make ids repeatable.", body=bodies.SEED),
    Route("GET", "/clock", actions.read_clock, "The account's time."),
    Route(
        "POST",
        "/clock",
        actions.change_clock,
        "Freeze, run on, advance.",
        body=bodies.CLOCK,
    ),
    Route("GET", "/tokens", actions.list_tokens, "Every token."),
    Route("GET", "/tokens/{id}", actions.get_token, "One token."),
    Route(
        "PATCH",
        "/tokens/{id}",
        actions.change_token,
        "Set status or decision.",
        body=bodies.TOKEN,
    ),
    Route("GET", "/consumers", actions.list_consumers, "Every consumer."),
    Route("GET", "/consumers/{id}", actions.get_consumer, "One consumer."),
    Route(
        "PATCH",
        "/consumers/{id}",
        actions.change_consumer,
        "Set activity or decision.",
        body=bodies.CONSUMER,
    ),
    Route("GET", "/orders", actions.list_orders, "Every order, oldest first."),
    Route("GET", "/payments", actions.list_payments, "Every payment, oldest first."),
    Route("GET", "/refunds", actions.list_refunds, "Every refund, oldest first."),
    Route(
        "GET",
        "/requests",
        actions.list_requests,
        "The journal.",
        query=("operation", "limit"),
    ),
    Route("GET", "/requests/{id}", actions.get_request, "One exchange, explained."),
    Route("DELETE", "/requests", actions.clear_requests, "Forget the journal."),
    Route(
        "GET",
        "/faults",
        actions.list_faults,
        "Fault plans and how often they were met.",
    ),
    Route("POST", "/faults", actions.add_fault, "Add a fault plan.", body=bodies.FAULT),
    Route("GET", "/faults/unmet", actions.unmet_faults, "Plans that were not met."),
    Route("DELETE", "/faults", actions.clear_faults, "Remove every fault plan."),
    Route("DELETE", "/faults/{id}", actions.remove_fault, "Remove a fault plan."),
    Route(
        "POST",
        "/holds",
        actions.add_hold,
        "Hold calls of an operation.",
        body=bodies.HOLD,
    ),
    Route(
        "GET",
        "/holds/{id}",
        actions.get_hold,
        "How many calls are held; waits until there are so many, if asked to.",
        query=("calls", "timeoutMs"),
    ),
    Route("DELETE", "/holds/{id}", actions.release_hold, "Let them go."),
    Route("GET", "/events", actions.list_events, "Events, oldest first."),
    Route(
        "GET",
        "/webhooks/deliveries",
        actions.list_deliveries,
        "Deliveries and attempts.",
        query=("state", "endpoint"),
    ),
    Route("GET", "/webhooks/deliveries/{id}", actions.get_delivery, "One delivery."),
    Route(
        "POST",
        "/webhooks/deliveries/{id}/replay",
        actions.replay_delivery,
        "Attempt it again.",
    ),
    Route(
        "POST",
        "/webhooks/replay",
        actions.replay_deliveries,
        "Attempt all again.",
        query=("state",),
    ),
    Route(
        "POST",
        "/webhooks/drain",
        actions.drain_webhooks,
        "Deliver what is due, now.",
        body=bodies.DRAIN,
    ),
    Route(
        "GET", "/webhooks/adversary", actions.get_adversary, "How webhooks misbehave."
    ),
    Route(
        "PUT",
        "/webhooks/adversary",
        actions.set_adversary,
        "Let them misbehave.",
        body=bodies.ADVERSARY,
    ),
    Route(
        "GET",
        "/scenarios",
        actions.list_scenarios,
        "Worlds an account can be brought into.",
        needs_account=False,
    ),
    Route(
        "POST",
        "/scenarios/{id}",
        actions.play_scenario,
        "Bring the account into one, by operations; answers its ids.",
    ),
    Route("GET", "/snapshots", actions.take_snapshot, "Everything of the account."),
    Route(
        "PUT",
        "/snapshots",
        actions.restore_snapshot,
        "Replace it.",
        body=bodies.SNAPSHOT,
    ),
)

# Beside the control plane, where tools look for them.
ALIASES: dict[str, Route] = {
    "/health": ROUTES[0],
    "/healthz": ROUTES[0],
    "/openapi.json": Route(
        "GET",
        "/openapi.json",
        describe.show_api,
        "The API as OpenAPI 3.1.",
        needs_account=False,
        is_open=True,
    ),
}
