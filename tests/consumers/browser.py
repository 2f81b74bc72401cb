"""What every browser must do with the card at a server that demands its certificate."""

from consumer import Consumer, WholeCard, wait_for
from desktop import Desktop

NO_CERTIFICATE = "PEER_DID_NOT_RETURN_A_CERTIFICATE"


class Browser:
    """PIN_DIALOG is the title of the window that asks for the token's PIN."""

    PIN_DIALOG = None

    def browse(self):
        """Starts the browser with the server's page, and waits until it knows what the server wants."""
        self.start_server()
        self.desktop = Desktop(self)
        self.database.trust("authority", self.server.authority, "C,,")
        with open(self.path("browser.log"), "w") as log:
            self.popen(*self.command(), self.server.url, env=self.desktop.env, stdout=log)
        wait_for("visit of the browser", lambda: self.server.turned_away, 60)

    def is_let_in(self):
        return self.desktop.windows("^let in ")

    def assert_shows_no_certificate(self):
        """The browser asks nobody for anything."""
        self.browse()
        self.desktop.answer(
            ["Return"], lambda: any(NO_CERTIFICATE in reason for reason in self.server.turned_away)
        )
        self.assertEqual(self.desktop.windows(self.PIN_DIALOG), [])
        self.assertEqual(self.server.let_in, [])
        self.assertTrue(self.calls("C_GetSlotList"), "the browser has not loaded the module")


class WithCard(Browser, WholeCard):
    def test_a_person_is_let_in(self):
        """Return takes the certificate that the browser offers; then the PIN, and Return."""
        with self.signing():
            self.browse()
            self.desktop.answer(["Return"], lambda: self.desktop.windows(self.PIN_DIALOG))
            self.desktop.answer([*self.PIN, "Return"], self.is_let_in)
        self.assert_let_in()

    def test_without_the_card_nobody_is_let_in(self):
        with self.without_card():
            self.assert_shows_no_certificate()


class WithRemoteKey(Browser, Consumer):
    REMOTE = True
    ROLE = "sign"

    def test_a_remote_key_is_not_offered(self):
        self.assert_shows_no_certificate()
        self.assertEqual(self.calls("C_Login", "C_SignInit"), [])
        self.assertEqual(self.world.calls("SCMDSign"), [])
        self.assertEqual(self.world.person.asked, [])
