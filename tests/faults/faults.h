/*
 * Calls that fail now and then, in a build with FAULTS=1: every object of the product has its calls to
 * what stands in tests/faults/calls renamed to fault_NAME, which is call.S or a function of faults.c.
 *
 * VICAR_FAULTS tells what fails, in words with a blank between them:
 *
 *   one-in=N     every Nth call on average, by the seed
 *   seed=N       of the choice; the same seed, the same faults, as long as the threads run alike
 *   at=N         the Nth call alone, counted from 1
 *   kinds=A,B    alloc io net process crypto library pcsc (these are the default), and harmless:
 *                EINTR and short counts, which no operation may suffer from; and inner: memory of
 *                the libraries that cmdbridge/memory.c serves, not all of which bear its lack
 *   in=A,B       only in programs of these names
 *   log=FILE     each fault as a line "PROGRAM[PID] NUMBER SYMBOL FILE+OFFSET", and at the end
 *                "PROGRAM[PID] CALLS calls"; without it the lines go to stderr
 */
#ifndef VICAR_TESTS_FAULTS_FAULTS_H
#define VICAR_TESTS_FAULTS_FAULTS_H

/* Numbers that call.S and faults.c share with faults.mk. */
#define FAULT_ALLOC (1 << 0)
#define FAULT_IO (1 << 1)
#define FAULT_NET (1 << 2)
#define FAULT_PROCESS (1 << 3)
#define FAULT_CRYPTO (1 << 4)
#define FAULT_LIBRARY (1 << 5)
#define FAULT_PCSC (1 << 6)
#define FAULT_HARMLESS (1 << 7)
#define FAULT_INNER (1 << 8)

#ifndef __ASSEMBLER__

/* As call.S lays it out. */
struct fault_call {
	const char *symbol;
	long results[2];
	int kind;
	int error; /* errno, 0 leaves it alone */
};

/* NULL, and the call is to be made; or what it returns, and errno is set. `caller` is the address to
 * which the call returns. */
/* Other words than the environment's, the calls counted from the start; NULL, and nothing fails. */
void fault_plan(const char *words);

const long *fault_strikes(const struct fault_call *call, const void *caller);

#endif

#endif
