/* Chance: two streams from one seed, so that what the product draws does not shift what the world does. */
#include <string.h>

#include <sodium.h>

#include "tests/sim/sim.h"

static uint64_t world, product;

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t sim_below(uint64_t n)
{
    return n ? next(&world) % n : 0;
}

int64_t sim_between(int64_t least, int64_t most)
{
    return least + (int64_t)sim_below((uint64_t)(most - least) + 1);
}

bool sim_chance(unsigned per_thousand)
{
    return per_thousand && sim_below(1000) < per_thousand;
}

/* --- libsodium's source of chance --------------------------------------------------------------------------- */

static const char *name(void)
{
    return "simulation";
}

static uint32_t draw(void)
{
    return (uint32_t)next(&product);
}

static void fill(void *const at, const size_t len)
{
    for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
        uint64_t v = next(&product);
        memcpy((char *)at + i, &v, len - i < sizeof v ? len - i : sizeof v);
    }
}

void sim_seed(uint64_t seed)
{
    static randombytes_implementation ours = {.implementation_name = name, .random = draw, .buf = fill};

    world = seed * UINT64_C(0xd1342543de82ef95) + 1;
    product = seed ^ UINT64_C(0x5851f42d4c957f2d);
    randombytes_set_implementation(&ours);
}
