"""All tables. They define the schema; statements on hot paths use Core, never objects of these classes."""

from sqlmodel import SQLModel

from store.tables.accounts import ApiKey, Audit, LoginAttempt, RepairCount, Setting, User, UserSession
from store.tables.catalog import Cart, Order, OrderLine, PriceChange, PriceDrop, Product, WishListItem
from store.tables.certificates import Certificate, CertificateHold, CertificateRequest, Journal, Notice, Posting
from store.tables.codes import Code, CodeBatch, CodeDoubt
from store.tables.customers import (
    AttributeChange,
    Consent,
    ConsentChange,
    Customer,
    CustomerDirty,
    CustomerFact,
    CustomerList,
    Identity,
    ListMember,
    ListSpan,
    Suppression,
)
from store.tables.events import Event, EventConflict, Idempotency
from store.tables.grants import PersonalPrice, PointsAccount, PointsEntry, PointsLot
from store.tables.imports import ImportRun
from store.tables.journeys import (
    Claim,
    DraftEdit,
    DraftPresence,
    Enrollment,
    FanOut,
    Holdout,
    Journey,
    JourneyTag,
    Moving,
    NodeMemory,
    Occurrence,
    Quota,
    Step,
    StepCount,
    Version,
)
from store.tables.outbox import Attempt, CapCounter, ChannelState, Message
from store.tables.receipts import ReceiptConflict, TillReceipt, TillSnapshot
from store.tables.redemptions import Redemption, RedemptionReturn, UsageCounter, UsageEntry
from store.tables.rulesets import DraftPromotion, RulesetVersion
from store.tables.segments import CustomerTimer, Segment, SegmentMember, SegmentSpan
from store.tables.value import CustomerValue, RfmCell, RfmCut, RfmMove, ValueModel, ValueRun, ValueSummary
from store.tables.whatif import WhatIf, WorstPrice

metadata = SQLModel.metadata

__all__ = [
    "ApiKey",
    "Attempt",
    "AttributeChange",
    "Audit",
    "CapCounter",
    "Cart",
    "Certificate",
    "CertificateHold",
    "CertificateRequest",
    "ChannelState",
    "Claim",
    "Code",
    "CodeBatch",
    "CodeDoubt",
    "Consent",
    "ConsentChange",
    "Customer",
    "CustomerDirty",
    "CustomerFact",
    "CustomerList",
    "CustomerTimer",
    "CustomerValue",
    "DraftEdit",
    "DraftPresence",
    "DraftPromotion",
    "Enrollment",
    "Event",
    "EventConflict",
    "FanOut",
    "Holdout",
    "Idempotency",
    "Identity",
    "ImportRun",
    "Journal",
    "Journey",
    "JourneyTag",
    "ListMember",
    "ListSpan",
    "LoginAttempt",
    "Message",
    "Moving",
    "NodeMemory",
    "Notice",
    "Occurrence",
    "Order",
    "OrderLine",
    "PersonalPrice",
    "PointsAccount",
    "PointsEntry",
    "PointsLot",
    "Posting",
    "PriceChange",
    "PriceDrop",
    "Product",
    "Quota",
    "ReceiptConflict",
    "Redemption",
    "RedemptionReturn",
    "RepairCount",
    "RfmCell",
    "RfmCut",
    "RfmMove",
    "RulesetVersion",
    "Segment",
    "SegmentMember",
    "SegmentSpan",
    "Setting",
    "Step",
    "StepCount",
    "Suppression",
    "TillReceipt",
    "TillSnapshot",
    "UsageCounter",
    "UsageEntry",
    "User",
    "UserSession",
    "ValueModel",
    "ValueRun",
    "ValueSummary",
    "Version",
    "WhatIf",
    "WishListItem",
    "WorstPrice",
    "metadata",
]
