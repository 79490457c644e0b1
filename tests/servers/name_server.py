"""A name server on a free port of this machine, which knows some TXT records and nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

_LARGEST = 512
"""Octets of an answer by UDP (RFC 1035); a longer one is asked for again by TCP."""


@contextmanager
def name_server(
    records: Mapping[str, Sequence[str]], *, rcode: int = dns.rcode.NXDOMAIN
) -> Iterator[dns.resolver.Resolver]:
    """Answer for the time of the block; give a resolver that asks it. `records`: texts as a zone file has them, by
    name. Any other name is answered by `rcode`."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(tcp.getsockname())
        answering = [
            threading.Thread(target=_answer_udp, args=(udp, records, rcode)),
            threading.Thread(target=_answer_tcp, args=(tcp, records, rcode)),
        ]
        for thread in answering:
            thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = tcp.getsockname()[1]
        try:
            yield resolver
        finally:
            tcp.shutdown(socket.SHUT_RDWR)
            udp.sendto(b"", udp.getsockname())
            for thread in answering:
                thread.join()


def _answer_udp(udp: socket.socket, records: Mapping[str, Sequence[str]], rcode: int) -> None:
    while True:
        query, peer = udp.recvfrom(65_535)
        if not query:
            return
        answer = _answer(query, records, rcode)
        if len(answer.to_wire()) > _LARGEST:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
        udp.sendto(answer.to_wire(), peer)


def _answer_tcp(tcp: socket.socket, records: Mapping[str, Sequence[str]], rcode: int) -> None:
    while True:
        try:
            connection, _ = tcp.accept()
        except OSError:
            return
        with connection:
            length = int.from_bytes(connection.recv(2, socket.MSG_WAITALL))
            answer = _answer(connection.recv(length, socket.MSG_WAITALL), records, rcode).to_wire()
            connection.sendall(len(answer).to_bytes(2) + answer)


def _answer(query: bytes, records: Mapping[str, Sequence[str]], rcode: int) -> dns.message.Message:
    asked = dns.message.from_wire(query)
    answer = dns.message.make_response(asked)
    (question,) = asked.question
    texts = records.get(question.name.to_text(omit_final_dot=True))
    if texts is None:
        answer.set_rcode(dns.rcode.Rcode(rcode))
    elif texts:
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *texts))
    return answer
