/* The command line of a daemon. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "pulih.h"
#include "pulih/base/must.h"
#include "pulih/host/service.h"
#include "services/common/host/service_impl.h"

static void print_help(const struct pulih_service *s, FILE *to)
{
    const char *name = pulih_stage_name(s->stage);

    fprintf(to,
            "usage: pulih-%s [--config FILE] [--check]\n\n"
            "%s.\n\n"
            "  -c, --config FILE  configuration (standard: pulih.cfg, or $PULIH_CONFIG)\n"
            "  -C, --check        check configuration and policy, say what is wrong, and end\n"
            "      --example      print a commented configuration with all standard values\n"
            "  -V, --version      print the version\n"
            "  -h, --help         print this\n\n"
            "SIGTERM drains and ends; SIGHUP reads policy and clients again. See pulih-%s(8).\n",
            name, pulih_stage_doc(s->stage), name);
}

static int print_example(void)
{
    struct pulih_buf out PULIH_AUTO(pulih_buf_free) = {0};

    pulih_host_conf_example(&out);
    fputs(pulih_buf_text(&out), stdout);
    return 0;
}

int pulih_service_main(int argc, char **argv, const struct pulih_service *service)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'C'},
        {"example", no_argument, NULL, 'E'},      {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    const char *conf_path = getenv("PULIH_CONFIG");
    bool check_only = false;

    pulih_must(sodium_init() >= 0);
    for (int o; (o = getopt_long(argc, argv, "c:CVh", options, NULL)) != -1;) {
        switch (o) {
        case 'c':
            conf_path = optarg;
            break;
        case 'C':
            check_only = true;
            break;
        case 'E':
            return print_example();
        case 'V':
            printf("pulih-%s %s\n", pulih_stage_name(service->stage), PULIH_VERSION);
            return 0;
        case 'h':
            print_help(service, stdout);
            return 0;
        default:
            print_help(service, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "pulih-%s: unexpected argument %s\n", pulih_stage_name(service->stage), argv[optind]);
        return 2;
    }
    return pulih_service_serve(service, conf_path ? conf_path : "pulih.cfg", check_only);
}
