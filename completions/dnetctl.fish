# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_dnetctl_global_optspecs
    string join \n o/output= color= lang= H/host= root= timeout= q/quiet v/verbose h/help V/version
end

function __fish_dnetctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_dnetctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_dnetctl_using_subcommand
    set -l cmd (__fish_dnetctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c dnetctl -n "__fish_dnetctl_needs_command" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_needs_command" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_needs_command" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_needs_command" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_needs_command" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_needs_command" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_needs_command" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -s V -l version -d 'Print version'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "diagnose" -d 'Run every check over this host; print findings with evidence and remedy'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "pick-subnet" -d 'Propose subnets that collide with nothing; say who holds the rest and what the engine will take next'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "fix-routes" -d 'Check routes against container networks, and plan the smallest change that brings them together'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "gwbridge" -d 'Show docker_gwbridge, by which a swarm\'s tasks leave their host, and what it needs; make it, or another one in its place'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "trace" -d 'Say what happens to a packet, hook by hook, and which rule ends it'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "rollback" -d 'Take a committed change back, or finish undoing an interrupted one'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "confirm" -d 'Keep a change that waits; from a connection made after it'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "snapshot" -d 'Print the facts that would be judged, as JSON without secrets'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "checks" -d 'List the checks'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "explain" -d 'Print the page of one check'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "completions" -d 'Print a completion script'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "man" -d 'Print the manual page (roff)'
complete -c dnetctl -n "__fish_dnetctl_needs_command" -f -a "carry-out" -d 'Carry out the change of a journal: what `--apply` and `confirm` start'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l only -d 'Run these checks only (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l skip -d 'Leave these checks out; they neither fire nor hide others' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l require -d 'Exit with 3 if one of these checks could not be judged' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l from -d 'Judge a snapshot instead of this host (repeatable: several hosts)' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l peer -d 'Containers in CIDR behind the host with this address should be reachable from here (repeatable)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l avoid -d 'A range that is in use although no route shows it (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l save -d 'Keep the snapshot of this very run' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l fail-on -d 'Exit with 1 from this severity on' -r -f -a "error\t''
warning\t''
info\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l allow -d 'Also plan what stops containers, gives up a route or changes how a session reaches this host' -r -f -a "disruptive\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l confirm-within -d 'Undo it by itself unless `dnetctl confirm` comes within SECS, from a connection made afterwards (10 to 86400)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l strict -d 'Require every check that applies here'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l mesh -d 'The hosts of --from are each other\'s peers'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -l apply -d 'Carry the plan out: journalled, verified by the same checks, and undone if it does not help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -s y -l yes -d 'Do not ask'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand diagnose" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l prefix -d 'Prefix length of each subnet [default: 24; with --for pools and swarm 16; with -6 64]' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l count -d 'How many subnets; exit with 1 if fewer are free [default: 1]' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l pool -d 'Look here, in this order, instead of in the private ranges (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l for -d 'What the subnets are for; prints what makes the engine use them' -r -f -a "bip\t'docker0: "bip" in daemon.json'
pools\t'The engine\'s own choices: "default-address-pools" in daemon.json'
network\t'One network: docker network create'
gwbridge\t'docker_gwbridge, before the host joins a swarm'
swarm\t'A new swarm\'s overlay networks: docker swarm init'"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l check -d 'Propose nothing: exit with 0 if this range is free, with 1 if it is taken, and say who holds it' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l need-networks -d 'Propose nothing: exit with 0 if the next N `docker network create` succeed, else with 1, and say where they go' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l fail-on -d 'Findings count too: exit with 1 from this severity on [default: only the answer counts]' -r -f -a "error\t''
warning\t''
info\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l only -d 'Run these checks only (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l skip -d 'Leave these checks out; they neither fire nor hide others' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l require -d 'Exit with 3 if one of these checks could not be judged' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l from -d 'Judge a snapshot instead of this host (repeatable: several hosts)' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l peer -d 'Containers in CIDR behind the host with this address should be reachable from here (repeatable)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l avoid -d 'A range that is in use although no route shows it (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l save -d 'Keep the snapshot of this very run' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l allow -d 'Also plan what stops containers, gives up a route or changes how a session reaches this host' -r -f -a "disruptive\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l confirm-within -d 'Undo it by itself unless `dnetctl confirm` comes within SECS, from a connection made afterwards (10 to 86400)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -s 6 -l ipv6 -d 'IPv6: a unique local prefix (RFC 4193)'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l predict -d 'Also show which subnets the engine will take by itself'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l map -d 'Also draw who holds the private ranges'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l strict -d 'Require every check that applies here'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l mesh -d 'The hosts of --from are each other\'s peers'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -l apply -d 'Carry the plan out: journalled, verified by the same checks, and undone if it does not help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -s y -l yes -d 'Do not ask'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand pick-subnet" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l prefer -d 'Where both are possible: give Docker other subnets, or give up the route [default: what the model of this host proves, Docker first]' -r -f -a "move-docker\t'Other subnets for docker0 and for the networks to come'
drop-route\t'The route goes, now and for the next boot'"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l add -d 'A route that this host should have, now and at the next boot: CIDR via GATEWAY [dev LINK] (repeatable)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l fail-on -d 'Exit with 1 from this severity on' -r -f -a "error\t''
warning\t''
info\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l only -d 'Run these checks only (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l skip -d 'Leave these checks out; they neither fire nor hide others' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l require -d 'Exit with 3 if one of these checks could not be judged' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l from -d 'Judge a snapshot instead of this host (repeatable: several hosts)' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l peer -d 'Containers in CIDR behind the host with this address should be reachable from here (repeatable)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l avoid -d 'A range that is in use although no route shows it (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l save -d 'Keep the snapshot of this very run' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l allow -d 'Also plan what stops containers, gives up a route or changes how a session reaches this host' -r -f -a "disruptive\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l confirm-within -d 'Undo it by itself unless `dnetctl confirm` comes within SECS, from a connection made afterwards (10 to 86400)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l strict -d 'Require every check that applies here'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l mesh -d 'The hosts of --from are each other\'s peers'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -l apply -d 'Carry the plan out: journalled, verified by the same checks, and undone if it does not help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -s y -l yes -d 'Do not ask'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand fix-routes" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l only -d 'Run these checks only (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l skip -d 'Leave these checks out; they neither fire nor hide others' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l require -d 'Exit with 3 if one of these checks could not be judged' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l from -d 'Judge a snapshot instead of this host (repeatable: several hosts)' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l peer -d 'Containers in CIDR behind the host with this address should be reachable from here (repeatable)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l avoid -d 'A range that is in use although no route shows it (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l save -d 'Keep the snapshot of this very run' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l subnet -d 'Where docker_gwbridge is to be; else a subnet that nobody uses, where it needs one' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l fail-on -d 'Exit with 1 from this severity on' -r -f -a "error\t''
warning\t''
info\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l allow -d 'Also plan what stops containers, gives up a route or changes how a session reaches this host' -r -f -a "disruptive\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l confirm-within -d 'Undo it by itself unless `dnetctl confirm` comes within SECS, from a connection made afterwards (10 to 86400)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l strict -d 'Require every check that applies here'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l mesh -d 'The hosts of --from are each other\'s peers'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -l apply -d 'Carry the plan out: journalled, verified by the same checks, and undone if it does not help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -s y -l yes -d 'Do not ask'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand gwbridge" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -l uid -d 'The user whose process sends it, where this host does (rules may ask)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -l from -d 'Judge a snapshot instead of this host (repeatable: the packet goes on from one host to the next)' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -l fail-on -d 'Also run every check; exit with 1 from this severity on [default: no check runs, only the answer counts]' -r -f -a "error\t''
warning\t''
info\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -s 4 -l ipv4 -d 'IPv4, where both ends have both families'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -s 6 -l ipv6 -d 'IPv6, where both ends have both families'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -l probe -d 'Also send one such packet from FROM, and say whether what comes back agrees; as root, on this host only'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand trace" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -l after -d 'The timer itself, where nobody else keeps one: sleep so many seconds first' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -l list -d 'List what was changed, and how it stands'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -s y -l yes -d 'Do not ask'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -l boot -d 'Undo the files of what the last shutdown cut short: what the unit of the next boot starts'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -l expired -d 'Undo ID unless it was confirmed: what the timer starts'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand rollback" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand confirm" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand confirm" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand confirm" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand confirm" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand confirm" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand confirm" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand confirm" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand confirm" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand confirm" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand snapshot" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand snapshot" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand snapshot" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand snapshot" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand snapshot" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand snapshot" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand snapshot" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand snapshot" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand snapshot" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand checks" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand checks" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand checks" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand checks" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand checks" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand checks" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand checks" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand checks" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand checks" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand explain" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand explain" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand explain" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand explain" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand explain" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand explain" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand explain" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand explain" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand explain" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand completions" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand completions" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand completions" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand completions" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand completions" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand completions" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand completions" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand completions" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand completions" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand man" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand man" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand man" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand man" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand man" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand man" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand man" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand man" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand man" -s h -l help -d 'Print help'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l only -d 'Run these checks only (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l skip -d 'Leave these checks out; they neither fire nor hide others' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l require -d 'Exit with 3 if one of these checks could not be judged' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l from -d 'Judge a snapshot instead of this host (repeatable: several hosts)' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l peer -d 'Containers in CIDR behind the host with this address should be reachable from here (repeatable)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l avoid -d 'A range that is in use although no route shows it (repeatable, commas allowed)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l save -d 'Keep the snapshot of this very run' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -s o -l output -d 'How the answer is printed' -r -f -a "table\t''
short\t''
json\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l color -d 'When to use colour; NO_COLOR and TERM=dumb turn `auto` off' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l lang -d 'Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -s H -l host -d 'The engine\'s endpoint; else DOCKER_HOST, else the current docker context' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l root -d 'Read the files of a host that is mounted at DIR; only what files tell is judged' -r -F
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l timeout -d 'Time limit for looking at the host, in seconds (1 to 3600)' -r
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l strict -d 'Require every check that applies here'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -l mesh -d 'The hosts of --from are each other\'s peers'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -s q -l quiet -d 'Findings only; of pick-subnet and trace the answer alone, ready for a script'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -s v -l verbose -d 'Also show hidden findings and passed checks'
complete -c dnetctl -n "__fish_dnetctl_using_subcommand carry-out" -s h -l help -d 'Print help'
