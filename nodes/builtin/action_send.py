"""Send a message."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from nodes.contract import Batch, Category, Need, NodeType, Place, Rendered, Result, Send
from nodes.fields import channel_name
from nodes.liquid import Template, TemplateError, compile_template, one_line
from nodes.liquid_words import named_outputs
from nodes.template_variables import columns_for, unknown_in

GREETING = 'Hello {{ first_name | default: "friend" }},'
_WISHES = (
    'your birthday is on {{ birthday | date: "%d.%m" }}, and we have a gift for you.',
    'A gift for your birthday, {{ first_name | default: "friend" }}',
)
_CODE = """Your promo code: {{ code }}
It is valid until {{ code_valid_until | date: "%d.%m.%Y" }}."""
_SHOWN = {
    "code": _CODE,
    "certificate": """We have a gift for you: {{ certificate.amount }} {{ certificate.currency }} to spend as you like.
Number: {{ certificate.number }}
It is valid until {{ certificate.valid_until | date: "%d.%m.%Y" }}, with a password that we send to your phone.""",
    "price": """{{ price_product }} for you: {{ price }} {{ price_currency }} instead of {{ price_before }}.
The price is yours until {{ price_valid_until | date: "%d.%m.%Y" }}.""",
    "points": """{{ points }} points are on your account now; you have {{ points_balance }}.""",
}
HTML_START = "<!doctype html>"
_LONGEST_SUBJECT = 400

TemplateText = Annotated[str, Field(json_schema_extra={"widget": "template"})]


class SendMessage(NodeType):
    """Sends one message. “Insert a value” puts what is known of the customer into the text: the first name, the
    promo code, its last day.
    """

    key: ClassVar[str] = "action.send"
    label: ClassVar[str] = "Send message"
    category: ClassVar[Category] = Category.ACTION
    icon: ClassVar[str] = "send"
    keywords: ClassVar[tuple[str, ...]] = (
        "e-mail",
        "email",
        "mail",
        "letter",
        "newsletter",
        "SMS",
        "text",
        "Viber",
        "Telegram",
        "WhatsApp",
        "push",
    )
    rank: ClassVar[int] = 10

    channel: str = Field(
        "email",
        title="Channel",
        min_length=1,
        max_length=32,
        pattern=r"^[a-z][a-z0-9_]*$",
        json_schema_extra={"widget": "channel"},
    )
    subject: TemplateText = Field(
        "",
        title="Subject",
        max_length=2000,
        json_schema_extra={"widget": "template", "only": {"channel": ["email", "push", "in_app"]}},
    )
    body: TemplateText = Field(min_length=1, title="Text", json_schema_extra={"widget": "template", "rows": 10})
    format: Literal["text", "html"] = Field(
        "text",
        title="Format of the text",
        json_schema_extra={"labels": {"text": "Plain text", "html": "HTML"}, "only": {"channel": "email"}},
    )
    purpose: Literal["marketing", "transactional"] = Field(
        "marketing",
        title="Purpose",
        json_schema_extra={"help": "Marketing needs consent, and keeps to quiet hours and the frequency cap."},
    )
    expires_hours: int | None = Field(
        72,
        ge=1,
        le=8760,
        title="Hours until it is too late",
        description="A message that could not leave by then is dropped. Empty: it never expires.",
        json_schema_extra={"unit": "hours", "advanced": True},
    )

    @classmethod
    def fresh(cls, place: Place) -> dict[str, Any]:
        """The text greets, and shows what the steps before give, such as a code. The rest is up to the writer."""
        given = {kind for step in place.before for kind in step.gives}
        has_code = any(kind == "code_batch" for step in place.before for kind, _ in step.references())
        shown = [text for kind, text in _SHOWN.items() if kind in given or (kind == "code" and has_code)]
        rule = place.trigger.date_rule() if place.trigger is not None else None
        if not has_code or rule is None or rule.fact != "birthday":
            return {"body": "\n\n".join([GREETING, *(shown or [""])])}
        text, subject = _WISHES
        return {"subject": subject, "body": "\n\n".join([GREETING, text, _CODE])}

    @field_validator("subject", "body")
    @classmethod
    def _is_template(cls, text: str, info: ValidationInfo) -> str:
        try:
            template = compile_template(text)
        except TemplateError as error:
            raise PydanticCustomError("invalid_template", "{message}", {"message": str(error)}) from None
        if unknown := unknown_in(template):
            message = "; ".join(map(str, unknown))
            raise PydanticCustomError("unknown_variable", "{message}", {"message": message})
        return text

    @field_validator("body")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if text.strip() == GREETING:
            raise PydanticCustomError("only_greeting", "write the message below the greeting")
        return text

    @model_validator(mode="after")
    def _mail_has_subject(self) -> Self:
        if self.channel == "email" and not self.subject.strip():
            raise PydanticCustomError("missing_subject", "an e-mail needs a subject")
        return self

    @property
    def templates(self) -> tuple[Template, Template]:
        """Subject and body, compiled; only an HTML body escapes its values."""
        return compile_template(self.subject), compile_template(self.body, html=self.format == "html")

    def facts(self) -> Collection[Need]:
        return columns_for(self.templates)

    def step(self, batch: Batch) -> Result:
        expires = {}
        if self.expires_hours is not None:
            since, patience = batch.column("since"), timedelta(hours=self.expires_hours)
            expires = {id: since[id] + patience for id in batch.ids}
        send = Send(batch.ids, self.channel, columns_for(self.templates), self.purpose, expires)
        return Result(moves={"next": batch.ids}, effects=(send,))

    def render(self, channel: str, variables: Mapping[str, Any]) -> Rendered:
        """Fill in one customer's values. The subject becomes one line; an HTML body begins with a doctype."""
        subject, body = self.templates
        text = body.render(variables).replace("\0", "")
        if self.format == "html" and not text.lstrip()[:9].lower().startswith(("<!doctype", "<html")):
            text = f"{HTML_START}\n{text}"
        return Rendered(text, one_line(subject.render(variables))[:_LONGEST_SUBJECT])

    def references(self) -> Collection[tuple[str, str]]:
        return (("channel", self.channel),)

    def summary(self) -> str:
        text = " ".join(named_outputs(self.subject or self.body).split())
        return f"{channel_name(self.channel)}: {text if len(text) <= 60 else text[:59] + '…'}"
