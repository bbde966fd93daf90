"""${message}"""

import sqlalchemy as sa
from alembic import op

from store import types
${"from store.migrations import triggers" if down_revision is None else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
% if down_revision is None:
    triggers.create(op.get_bind())
% endif
