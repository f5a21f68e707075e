# Turns the comment at the top of a header, "// Name: what it is", into the documentation of the file and,
# where that has none of its own, of the class of that name: there it is written once, for whoever opens the
# header. And hides the inline namespace, which doxygen takes for one of its own. Pages of Markdown pass as they
# are.
FILENAME !~ /\.hpp$/ { print; next }
FNR == 1 { in_top = 1; top = ""; name = ""; before = "" }
in_top && /^\/\// {
  text = substr($0, 4)
  if (FNR == 1 && match(text, /^[A-Za-z_]+:/)) name = substr(text, 1, RLENGTH - 1)
  if (FNR == 1) print "/// @file"
  top = top "/// " text "\n"
  print "/// " text
  next
}
{ in_top = 0; sub(/namespace kefu::inline v0/, "namespace kefu") }
name != "" && $0 ~ "^(class|struct) " name "( |$)" && before !~ /^\/\/\// { printf "%s", top }
{
  if ($0 !~ /^template/) before = $0
  print
}
