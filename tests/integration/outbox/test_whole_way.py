"""From a published journey to a mail server, with the built-in node that sends."""

from rig.outbox import World
from rig.smtp import MailServer

SETTINGS = {"subject": "{{ first_name }}, a gift", "body": "<p>{{ first_name }}: {{ code }}</p>", "format": "html"}


def test_a_letter_of_the_built_in_node_arrives_filled_in(mail_world: World, mail_server: MailServer) -> None:
    version = mail_world.make_journey(nodes=[{"id": "n1", "type": "action.send", "settings": SETTINGS}])
    mallory = mail_world.make_customer("<b>Mallory</b>", email="mallory@example.com")
    mail_world.make_messages([mallory, mail_world.make_customer("Bob")], version)
    mail_world.deliver()
    assert mail_world.statuses() == ["sent", "sent"]
    (_, first), (_, second) = mail_server.mails()
    assert first["Subject"] == "<b>Mallory</b>, a gift"
    assert second["Subject"] == "Bob, a gift"
    html = first.get_body(("html",))
    assert html is not None
    assert "<p>&lt;b&gt;Mallory&lt;/b&gt;: CODE-" in html.get_content()
