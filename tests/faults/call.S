/*
 * fault_SYMBOL: fails, or jumps to SYMBOL with everything as it was. So that one piece of code does
 * for every call, whatever it takes and gives back. Set by faults.mk: SYMBOL, KIND, RESULT_1, RESULT_2,
 * ERROR.
 */
#include "tests/faults/faults.h"

#include <asm/errno.h>

#ifndef __x86_64__
#error "fault injection is written for x86-64 alone"
#endif

#define PASTE(a, b) a##b
#define NAME(symbol) PASTE(fault_, symbol)
#define TEXT_OF(text) #text
#define TEXT(text) TEXT_OF(text)

	.section .rodata
name:
	.asciz TEXT(SYMBOL)

	.section .data.rel.ro, "aw"
	.balign 8
call:
	.quad name, RESULT_1, RESULT_2
	.long KIND, ERROR

	.text
	.globl NAME(SYMBOL)
	.hidden NAME(SYMBOL)
	.type NAME(SYMBOL), @function
NAME(SYMBOL):
	.cfi_startproc
	endbr64
	/* Seven of eight bytes: the stack is aligned at the call. */
	push %rax
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push %r8
	push %r9
	.cfi_adjust_cfa_offset 56
	lea call(%rip), %rdi
	mov 56(%rsp), %rsi
	call fault_strikes
	mov %rax, %r11
	pop %r9
	pop %r8
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	pop %rax
	.cfi_adjust_cfa_offset -56
	test %r11, %r11
	jnz fails
	jmp *SYMBOL@GOTPCREL(%rip)
fails:
	mov (%r11), %rax
	ret
	.cfi_endproc
	.size NAME(SYMBOL), . - NAME(SYMBOL)

	.section .note.GNU-stack, "", @progbits
