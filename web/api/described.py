"""Documents that are checked by a reader of their own and described by a model."""

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class DescribedBy:
    """A document that its own reader checks, so that paths in errors are those of the document.

    `Annotated[dict[str, Any], DescribedBy(Cart)]` shows the model's fields in the OpenAPI document.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the model's schema."""
        return handler(self.model.__pydantic_core_schema__)
