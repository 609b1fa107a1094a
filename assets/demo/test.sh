#!/bin/sh
# Runs every test in tests/: one line each, `<amount> <from> <to> = <answer>`. Ends with 1 when an answer is wrong.
set -eu
cd "$(dirname "$0")"
. ./units.sh

green= red= grey= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    green=$(printf '\033[38;2;126;200;120m') red=$(printf '\033[38;2;240;98;86m')
    grey=$(printf '\033[38;2;140;140;150m') plain=$(printf '\033[0m')
fi

good=0 bad=0
for file in tests/*.test; do
    name=${file##*/}
    name=${name%.test}
    dots=
    while read -r amount from to _ answer; do
        case $amount in '' | '#'*) continue ;; esac
        got=$(convert "$amount" "$from" "$to" 2>&1) || true
        if [ "$got" = "$answer" ]; then
            good=$((good + 1)) dots="$dots$green●$plain"
        else
            bad=$((bad + 1)) dots="$dots$red✗$plain"
            echo "${red}$file: $amount $from is $got $to, not $answer$plain"
        fi
    done <"$file"
    printf ' %-14s %s\n' "$name" "$dots"
done

if [ $bad -gt 0 ]; then
    echo "$red$bad of $((good + bad)) answers are wrong$plain"
    exit 1
fi
echo "$green$good answers, all right$plain $grey($(ls units | wc -l | tr -d ' ') tables)$plain"
