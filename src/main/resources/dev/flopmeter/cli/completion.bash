
# Models: built-in names, besides files.
_flopmeter_with_models() {
  local current="${COMP_WORDS[COMP_CWORD]}"
  _complete_flopmeter "$@"
  # the values of an option are complete
  [[ "${COMP_WORDS[COMP_CWORD-1]}" == -* && -n "$COMPREPLY" ]] && return
  case "${COMP_WORDS[1]}" in
    count | profile)
      [[ "$current" == -* ]] || COMPREPLY+=( $(compgen -W "%s" -- "$current") $(compgen -f -- "$current") )
      ;;
  esac
}
complete -F _flopmeter_with_models -o default flopmeter flopmeter.sh flopmeter.bash
