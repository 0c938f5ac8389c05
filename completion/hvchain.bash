# SPDX-License-Identifier: LGPL-3.0-or-later
# Completion of hvchain's commands, options and their values for bash.

# Answers with those of the words $2 that begin with $1.
_hvchain_words()
{
    mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

# Answers with the files and folders whose names begin with $1.
_hvchain_files()
{
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# The formats of the command $1.
_hvchain_formats()
{
    case $1 in
    scan) echo 'text json ndjson csv csv-findings csv-changes html dot bodyfile prometheus' ;;
    plan) echo 'text json ndjson html' ;;
    *) echo 'text json ndjson' ;;
    esac
}

# The options of the command $1.
_hvchain_options()
{
    local keys='--recovery-key --password' witness='--witness'
    local hosts="--host --inventory --events --map $keys"
    local output='--format --output --fail-on --threads --color --ascii --no-sandbox --quiet --help'

    case $1 in
    scan) echo "--compare-with --timeline --shadow-copies $hosts $witness $output" ;;
    events | diagnose) echo "$hosts $witness $output" ;;
    chain) echo "--in $hosts $witness $output" ;;
    inspect) echo "$keys $output" ;;
    plan) echo "--vm --compare --free $hosts $witness $output" ;;
    esac
}

# Answers with values of the option $1 of command $3 that begin with $2. False when the option
# takes none.
_hvchain_value()
{
    case $1 in
    -f | --format) _hvchain_words "$2" "$(_hvchain_formats "$3")" ;;
    --witness | --color) _hvchain_words "$2" 'auto always never' ;;
    --fail-on) _hvchain_words "$2" 'info warning problem data-loss-risk never' ;;
    -j | --threads | --vm) COMPREPLY=() ;;
    -o | --output | --compare-with | --recovery-key | --password) _hvchain_files "$2" ;;
    --host | --inventory | --events | --map | --free | --in) _hvchain_files "${2#*=}" ;; # what follows NAME=
    *) return 1 ;;
    esac
}

# Answers for the last word $1 of the command $3, behind the word $2.
_hvchain_command()
{
    local word=$1 previous=$2 command=$3

    case $word in
    --*=*) _hvchain_value "${word%%=*}" "${word#*=}" "$command" ;;
    *)
        if _hvchain_value "$previous" "$word" "$command"; then
            return
        elif [[ $word == -* ]]; then
            _hvchain_words "$word" "$(_hvchain_options "$command")"
        else
            _hvchain_files "$word"
        fi
        ;;
    esac
}

_hvchain()
{
    local words=() word joined='' i

    # bash takes "=" for a word of its own, and wants an answer for what follows it alone.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ ${#words[@]} -gt 0 && ($word == = || $joined) ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        [[ $word == = ]] && joined=yes || joined=''
    done
    COMPREPLY=()
    if [[ ${#words[@]} -le 1 ]]; then
        _hvchain_words "${words[0]-}" \
            'scan plan chain inspect events diagnose --help --version'
    elif [[ $(_hvchain_options "${words[0]}") ]]; then
        _hvchain_command "${words[-1]}" "${words[-2]}" "${words[0]}"
    fi
}

complete -F _hvchain hvchain
