"""Products, orders, carts and wish lists: what is sold and what is wished for."""

from sqlalchemy import Index, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref

_PENDING = text("done_at IS NULL")


class Product(SQLModel, table=True):
    """Something that is sold; `price` in minor units of `currency`."""

    id: int = key()
    sku: str = Field(max_length=100, unique=True)
    name: str = Field(max_length=400)
    brand: str | None = Field(default=None, max_length=200)
    categories: list[Any] = document()
    price: int | None = big(None)
    cost: int | None = big(None)  # what one piece costs us, in the currency of its price
    currency: str = Field(default="", max_length=3)
    updated_at: datetime = instant()


class PriceChange(SQLModel, table=True):
    """Append-only history of what a product costs, and of what promotions ask about it.

    `brand` and `categories` are those from then on; without categories nobody noted them.
    """

    __tablename__ = "price_change"
    __table_args__ = (Index("ix_price_change_product_id_at", "product_id", "at"),)
    id: int = key()
    product_id: int = ref("product.id")
    old: int | None = big(None)
    new: int | None = big(None)
    currency: str = Field(default="", max_length=3)
    at: datetime = instant()
    source: str = Field(default="", max_length=200)
    brand: str | None = Field(default=None, max_length=200)
    categories: list[Any] | None = document(nullable=True)


class PriceDrop(SQLModel, table=True):
    """A price that fell: customers who wished for the product are told, up to `last_customer_id` so far."""

    __tablename__ = "price_drop"
    __table_args__ = (Index("ix_price_drop_pending", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),)
    id: int = key()
    sku: str = Field(max_length=100)
    old: int = big()
    new: int = big()
    currency: str = Field(max_length=3)
    at: datetime = instant()
    last_customer_id: int = big()
    told: int = 0
    done_at: datetime | None = instant(nullable=True)


class Order(SQLModel, table=True):
    """One purchase, made by a `purchase` event; `total` in minor units."""

    __tablename__ = "sales_order"  # `order` is a word of SQL
    __table_args__ = (
        UniqueConstraint("source", "key"),
        Index("ix_sales_order_customer_at", "customer_id", "at"),
    )
    id: int = key()
    source: str = Field(max_length=64)
    key: str = Field(max_length=200)
    customer_id: int = ref("customer.id")
    event_id: int | None = big(None)
    at: datetime = instant()
    store: str | None = Field(default=None, max_length=100)
    channel: str | None = Field(default=None, max_length=32)
    currency: str = Field(default="", max_length=3)
    total: int = big(0)


class OrderLine(SQLModel, table=True):
    """One line of a purchase; `price` is the price of one unit in minor units."""

    __tablename__ = "order_line"
    order_id: int = ref("sales_order.id", primary_key=True)
    number: int = Field(primary_key=True)
    sku: str = Field(max_length=100, index=True)
    quantity: int
    price: int = big(0)


class Cart(SQLModel, table=True):
    """What lies in a customer's cart now, as last reported."""

    customer_id: int = ref("customer.id", primary_key=True)
    lines: list[Any] = document()
    at: datetime = instant()


class WishListItem(SQLModel, table=True):
    """A product that a customer wishes for."""

    __tablename__ = "wish_list_item"
    __table_args__ = (Index("ix_wish_list_item_sku_customer_id", "sku", "customer_id"),)
    customer_id: int = ref("customer.id", primary_key=True)
    sku: str = Field(max_length=100, primary_key=True)
    at: datetime = instant()
