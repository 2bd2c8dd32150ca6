# Reference values of tests/golden/cutpoints.json. From the repository: Rscript tests/golden/cutpoints.R
# Needs R, survival and maxstat (Hothorn & Lausen); the tests read the stored JSON and need neither.
suppressMessages({library(survival); library(maxstat)})
set.seed(20260101)
json <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
out <- c()
put <- function(name, value) out <<- c(out, paste0('"', name, '": ', value))
put("made_by", paste0('["', R.version.string, '", "survival ', packageVersion("survival"), '", "maxstat ',
                      packageVersion("maxstat"), '"]'))
for (case in c("signal", "none", "tied")) {  # times without ties, so that all definitions of the scores agree
  n <- if (case == "none") 60 else 120
  risk <- if (case == "tied") round(rnorm(n), 1) else rnorm(n)
  effect <- if (case == "none") 0 else 0.9
  time <- rexp(n, exp(effect * (risk > 0.4)) / 500)
  censor <- runif(n, 50, 2500)
  event <- as.integer(time <= censor)
  time <- pmin(time, censor)
  data <- data.frame(risk, time, event)
  test <- function(method, ...) maxstat.test(Surv(time, event) ~ risk, data, smethod = "LogRank", pmethod = method, ...)
  first <- test("Lau92")
  put(case, paste0('{"risk": ', json(risk), ', "time": ', json(time), ', "event": ', json(event),
    ', "statistic": ', sprintf("%.17g", first$statistic), ', "below": ', sprintf("%.17g", first$estimate),
    ', "all": ', json(first$stats),
    ', "Lau92": ', sprintf("%.17g", first$p.value), ', "Lau94": ', sprintf("%.17g", test("Lau94")$p.value),
    ', "HL": ', sprintf("%.17g", test("HL")$p.value),
    ', "condMC": ', sprintf("%.17g", test("condMC", B = 200000)$p.value), '}'))
}
writeLines(c("{", paste(out, collapse = ",\n"), "}"), "tests/golden/cutpoints.json")
