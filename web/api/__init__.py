'''The JSON API under /api/v1. Each module with a blueprint called `bp` is found by itself; nothing else to register.

A whole module:

    from pydantic import BaseModel, Field

    from web.api.base import Answer, Api, Call, In

    api = Api("products", "Products")
    bp = api.bp

    class ProductIn(In):                                   # In forbids unknown fields
        sku: str = Field(max_length=64)
        price: int = Field(ge=0, description="In minor units.")

    class Taken(Answer):
        accepted: int
        errors: list[Problem]

    @api.post("/products", needs="products.write", items=ProductIn, answer=Taken, max_bytes=BATCH)
    def take_products(call: Call) -> Taken:
        """Take products in.

        The first line becomes the summary in /api/v1/openapi.json, the rest the description.
        """
        good = call.items.valid(ProductIn)                 # [(index, ProductIn)]; bad ones are in call.items.problems
        upsert_products(store(), [item for _, item in good], now())
        return Taken(accepted=len(good), errors=call.items.problems)

What a declaration gives:

- `needs`: the right (web.rights), asked of the database at each request; keys and signed-in people alike. `public=`
  gives a reason instead.
- `items=Model`: the body is a list of up to 5,000 objects; `call.items.values` holds them raw, without those that no
  database takes (NUL, lone surrogates, huge numbers, double keys), which are in `call.items.problems` with their index.
  A function that validates by itself takes `call.items.values` and gives its errors to `call.items.renumber(errors)`,
  because indexes must be those of the request. `body=Model`: one object, validated, in `call.body`. `query=Model`: the
  address's parameters, in `call.query`. Parts of the path (`/customers/<key>`) arrive as key words.
- `batch=Model` is `items` for functions that validate by themselves and tell broken items from good ones, such as
  those of `engine.intake`: `call.batch` goes to them as it is, the model only describes it.
- The answer is a model, a dict, `(answer, status)`, or None for 204. Raise NotFound (404) and Conflict (409) of
  wayfare.errors, or `Refusal(422, [problem("code", "message", path="phone")])`.
- `Idempotency-Key` works by itself on every write: the same request gets the same answer, byte for byte, for 48 hours;
  another body under the key gets 409, one still under way 409 with Retry-After.
- Every failure has the shape {"errors": [{"index", "path", "code", "message"}]}.

Pages may call the same functions of lower rooms; they need no HTTP between.
'''
