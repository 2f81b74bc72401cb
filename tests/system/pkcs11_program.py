#!/usr/bin/env python3
"""A program that keeps a PKCS#11 module open, for tests with several of them: pkcs11_program.py MODULE
reads a command a line and answers each with the name of a return value.

    login PIN     opens a session on the first slot with a token, if there is none, and logs in
    sign          one signature with the slot's private key
    logout
    wait          until a card comes or goes
    fork PIN      a child begins anew with the module, logs in and signs
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pkcs11 import CKM_SHA256_RSA_PKCS, CKR_GENERAL_ERROR, Error, Module  # noqa: E402


class Program:
    def __init__(self, module):
        self.module = Module(module)
        self.session = None

    def login(self, pin):
        self.session = self.module.open(self.module.slots()[0])
        self.module.login(self.session, pin)
        self.key = self.module.private_key(self.session)

    def sign(self):
        self.module.sign(self.session, self.key, CKM_SHA256_RSA_PKCS, b"a document")

    def wait(self):
        self.module.wait()

    def fork(self, pin):
        pid = os.fork()
        if pid == 0:
            try:
                self.module("C_Initialize", None)
                self.login(pin)
                self.sign()
            except Error:
                os._exit(1)
            os._exit(0)
        if os.waitpid(pid, 0)[1] != 0:
            raise Error("the child", CKR_GENERAL_ERROR)

    def logout(self):
        self.module("C_Logout", self.session)


program = Program(sys.argv[1])
for line in sys.stdin:
    action, *arguments = line.split()
    try:
        getattr(program, action)(*arguments)
        print("CKR_OK", flush=True)
    except Error as error:
        print(error.name, flush=True)
