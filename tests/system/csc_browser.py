#!/usr/bin/env python3
"""A browser with a person at it: csc_browser.py CA-FILE USER PASSWORD PIN CODES URL.

Follows redirects, fills in what the form of the service's page asks for (CODES is csc-simulator's file of
text messages), presses Allow, and follows again; what it ends at is its output.
"""

import html
import re
import ssl
import sys
import urllib.parse
import urllib.request

ca, user, password, pin, codes, url = sys.argv[1:]
trust = ssl.create_default_context(cafile=ca)


def open_page(target, fields=None):
    data = urllib.parse.urlencode(fields).encode() if fields else None
    with urllib.request.urlopen(target, data, context=trust, timeout=60) as answer:
        return answer.geturl(), answer.read().decode()


def code():
    with open(codes) as f:
        return f.read().splitlines()[-1].split("\t")[3]


place, page = open_page(url)
form = re.search(r'<form method="post" action="([^"]*)">', page)
if form:
    fields = {"answer": "allow"}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page):
        fields[name] = html.unescape(value)
    known = {"username": lambda: user, "password": lambda: password, "PIN": lambda: pin, "OTP": code}
    for name in re.findall(r'<input name="([^"]*)"', page):
        fields[name] = known[name]()
    place, page = open_page(urllib.parse.urljoin(place, form[1]), fields)
print(page)
