"""Thunderbird, a real mail program, on a screen that nobody sees: it reads a mail over IMAP and shows it.

It is spoken to by Marionette, the protocol with which Mozilla tests its own programs: JSON with its length before it.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.dovecot import PASSWORD, USERNAME, Dovecot
from servers.ports import free_port

_PATIENCE = 240.0
"""Seconds that anything may take; the machine may be busy."""
_PREFERENCES: dict[str, object] = {
    "app.donation.eoy.version.viewed": 999,
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "browser.tabs.remote.autostart": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "mail.inappnotifications.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.server.default.check_new_mail": False,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "mailnews.auto_config.fetchFromISP.enabled": False,
    # Nothing but this machine is ever asked: everything else goes to a proxy that isn't there.
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.type": 1,
    "toolkit.telemetry.enabled": False,
}
_OPEN_THE_MAIL = """
const [authority, host, port, user, password, done] = arguments;
const pause = () => new Promise((next) => setTimeout(next, 50));
(async () => {
  Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(authority, "CT,,");
  const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
  login.init(`imap://${host}`, null, `imap://${host}`, user, password, "", "");
  await Services.logins.addLoginAsync(login);
  const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
  const server = MailServices.accounts.createIncomingServer(user, host, "imap");
  server.port = port;
  server.socketType = Ci.nsMsgSocketType.SSL;
  server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
  const account = MailServices.accounts.createAccount();
  account.incomingServer = server;
  account.addIdentity(MailServices.accounts.createIdentity());
  server.performExpand(null);
  let inbox;
  while (!(inbox = server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox))) await pause();
  const pane = document.getElementById("tabmail").currentAbout3Pane;
  while (!pane.displayFolder) await pause();
  pane.displayFolder(inbox.URI);
  while (!pane.gDBView?.rowCount) await pause();
  pane.threadTree.selectedIndex = 0;
  const mail = () => pane.messageBrowser.contentWindow?.getMessagePaneBrowser?.()?.contentDocument;
  while (!mail()?.querySelector("[role=article]") || mail().readyState !== "complete") await pause();
})().then(() => done(null), (error) => done(String(error)));
"""
_READ_IT = """
const done = arguments[arguments.length - 1];
const pane = document.getElementById("tabmail").currentAbout3Pane.messageBrowser.contentWindow;
const mail = pane.getMessagePaneBrowser().contentDocument, root = mail.documentElement;
const quotation = mail.querySelector("blockquote");
done({
  subject: pane.document.getElementById("expandedsubjectBox").textContent.trim(),
  text: mail.body.innerText,
  links: [...mail.links].map((link) => link.href),
  overhang: root.scrollWidth - root.clientWidth,
  quotation_edge: quotation ? mail.defaultView.getComputedStyle(quotation).borderLeftWidth : "",
});
"""


@dataclass(frozen=True)
class Shown:
    """A mail as Thunderbird shows it."""

    subject: str
    text: str
    links: list[str]
    overhang: int
    """Pixels that it is wider than its pane."""
    quotation_edge: str
    """How wide the line beside its first quotation is: the styles have arrived."""
    picture: bytes
    """The whole window, a PNG."""


def shown_by_thunderbird(home: Dovecot, folder: Path) -> Shown:
    """Return the first mail of the inbox as Thunderbird shows it."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    settings = _PREFERENCES | {"marionette.port": port}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings.items()]
    (folder / "user.js").write_text("".join(lines), "utf-8")
    authority = "".join(line for line in home.authority.read_text().splitlines() if not line.startswith("-----"))
    with _screen() as display, _running(folder, port, display) as program:
        trouble = program.run(_OPEN_THE_MAIL, authority, home.host, home.port, USERNAME, PASSWORD)
        assert trouble is None, trouble
        return Shown(**program.run(_READ_IT), picture=program.screenshot())


@contextmanager
def _screen() -> Iterator[str]:
    """Start a screen that exists in memory only; yield its name."""
    ours, theirs = os.pipe()
    command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1280x1000x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=(theirs,), stderr=subprocess.DEVNULL)
    os.close(theirs)
    try:
        with os.fdopen(ours) as number:
            yield f":{number.readline().strip()}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def _running(folder: Path, port: int, display: str) -> Iterator[_Marionette]:
    command = ["thunderbird", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", str(folder)]
    environment = os.environ | {"DISPLAY": display, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        with closing(_Marionette(port, process)) as program:
            yield program
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)


class _Marionette:
    """The connection through which it is told what to do."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self._connection = _connected(port, process)
        self._stream = self._connection.makefile("rb")
        self._number = 0
        self._message()  # it greets
        self.call("WebDriver:NewSession")
        self.call("WebDriver:SetTimeouts", script=int(_PATIENCE * 1000))
        self.call("Marionette:SetContext", value="chrome")

    def call(self, command: str, **parameters: object) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._connection.sendall(b"%d:%b" % (len(message), message))
        _, number, error, result = self._message()
        assert (number, error) == (self._number, None)
        return result.get("value", result)

    def run(self, script: str, *arguments: object) -> Any:
        """Return what a script gives to the last of its arguments."""
        return self.call("WebDriver:ExecuteAsyncScript", script=script, args=arguments)

    def screenshot(self) -> bytes:
        return base64.b64decode(self.call("WebDriver:TakeScreenshot", full=False))

    def close(self) -> None:
        self._stream.close()
        self._connection.close()

    def _message(self) -> Any:
        length = b""
        while (digit := self._stream.read(1)) != b":":
            assert digit, "Thunderbird has gone"
            length += digit
        return json.loads(self._stream.read(int(length)))


def _connected(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        except OSError:
            time.sleep(0.05)
    raise AssertionError("Thunderbird did not start")
