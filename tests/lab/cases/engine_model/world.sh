# The words that a world's script is written in (POSIX sh, on the host). Each answer is one line: a word, a tab, what there is to say.

tell() { printf '%s\t%s\n' "$1" "$2"; }

# Whether the engine runs. Of a stopped one nothing is asked: the socket would start it.
up=

api() { [ -n "$up" ] && curl -s --max-time 90 --unix-socket /run/docker.sock -H 'Content-Type: application/json' "$@"; }

# ip(8) commands from standard input, as far as this kernel takes them.
ips() { ip -force -batch - > /dev/null 2>&1 || true; }

# The host as it was before its first world: no engine, none of its networks and bridges, no link but lo, no route, no file.
reset() {
  systemctl kill -s KILL docker.service 2> /dev/null
  systemctl stop docker.service docker.socket
  systemctl reset-failed docker.service docker.socket 2> /dev/null
  if [ -n "$(ls /var/lib/docker/containers 2> /dev/null)" ]; then
    ctr -n moby tasks ls -q | xargs -r -n 1 ctr -n moby tasks rm -f > /dev/null 2>&1
    ctr -n moby containers ls -q | xargs -r ctr -n moby containers rm > /dev/null 2>&1
    rm -rf /var/lib/docker/containers/*
  fi
  rm -rf /var/lib/docker/network /etc/docker /run/systemd/resolve /var/lib/docker/swarm
  iptables -S FORWARD | grep -q DOCKER && nft flush ruleset
  for link in /sys/class/net/*; do
    [ "$link" = /sys/class/net/lo ] || echo "link del ${link##*/}"
  done | ips
  printf 'route flush table main\nroute flush table 100\n' | ips
  mkdir -p /etc/docker
  rm -f /etc/resolv.conf
  : > /etc/resolv.conf
  : > /etc/default/docker
}

# link NAME: a network card whose cable is plugged in.
link() { printf 'link add %s type veth peer name %sp\nlink set %s up\nlink set %sp up\n' "$1" "$1" "$1" "$1" | ips; }

# Starts the engine, and says whether it did. Its last words are in $fatal where it did not.
start() {
  systemctl start docker.service 2> /dev/null && up=yes && return 0
  journalctl --sync
  # A long line is cut in several.
  log=$(journalctl --no-pager -o cat -n 60 "_SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value docker.service)" | tr '\n\t' '  ')
  fatal=$(printf '%s' "$log" | grep -oE '(failed to start daemon|unable to configure the Docker daemon).*' || printf '%s' "$log")
  fatal=$(printf '%s' "$fatal" | head -c 3000)
  return 1
}

stop() { systemctl stop docker.service docker.socket; up=; }

# network NAME DRIVER SUBNET RANGE INTERNAL PARENT ("-" for none): makes a network. Leaves the engine's words in $reply.
network() {
  config='' options=''
  [ "$3" = - ] || config="\"Subnet\":\"$3\""
  [ "$4" = - ] || config="$config,\"IPRange\":\"$4\""
  [ "$6" = - ] || options="\"parent\":\"$6\""
  reply=$(api -d "{\"Name\":\"$1\",\"CheckDuplicate\":true,\"Driver\":\"$2\",\"Internal\":$5,\"Options\":{$options},\"IPAM\":{\"Driver\":\"default\",\"Config\":[${config:+{$config\}}]}}" \
    http://engine/networks/create)
  case $reply in *'"Id"'*) return 0 ;; *) return 1 ;; esac
}

# create NAME: a network of the next free subnet.
create() { network "$1" bridge - - false -; }

remove() { api -X DELETE "http://engine/networks/$1" > /dev/null; }

# subnet NETWORK: its IPv4 subnet, "-" where it has none.
subnet() {
  api "http://engine/networks/$1" | jq -r '[.IPAM.Config[]?.Subnet // empty | select(contains(":") | not)][0] // "-"'
}

# The question, what dnetctl answers to it, and what the host looked like at that moment.
ask() {
  ip -4 route show table main | while read -r line; do tell route "$line"; done
  tell docker0 "$(ip -4 -br addr show dev docker0 2> /dev/null | awk '{ print $3 }')"
  /usr/local/bin/dnetctl pick-subnet -o json > /run/asked.json 2> /run/asked.err
  tell asked "$(jq -c '.engine_next[0]' /run/asked.json 2> /dev/null || tr '\n' ' ' < /run/asked.json /run/asked.err)"
}

# What the engine then does: it starts, unless it runs, and makes networks.
next() {
  [ -n "$up" ] || started || return
  networks
}

# Its start.
started() {
  if start; then tell started yes; else tell started "no: $fatal"; return 1; fi
  tell bridge "$(subnet bridge)"
}

# As many as were told to come, and one more where they were told to run out.
networks() {
  count=$(jq -r '.engine_next[0].remaining | if type == "number" and . <= 5 then . + 1 else 3 end' /run/asked.json 2> /dev/null)
  index=0
  while [ "$index" -lt "${count:-3}" ]; do
    index=$((index + 1))
    if create "next$index"; then tell network "$(subnet "next$index")"; else tell refused "$reply"; break; fi
  done
}

# What a power cut takes from the kernel of what is the engine's: its bridges.
reboot() {
  for link in /sys/class/net/docker0 /sys/class/net/docker_gwbridge /sys/class/net/br-????????????; do
    [ -d "$link" ] && echo "link del ${link##*/}"
  done | ips
}

# container NAME: one that sleeps, on the default bridge.
container() { docker run -d --name "$1" --stop-signal KILL bb:1 sleep 100000 > /dev/null && tell container "$1"; }
