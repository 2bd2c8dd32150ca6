# Reference values for tests/evaluation, from R and its packages survival and pec. Run from this folder:
#   Rscript evaluation_survival.R
# Times lie on a grid, so that ties between events, censorings and risks are many.
library(survival)
suppressMessages(library(pec))
options(digits = 17)
set.seed(20240611)
n <- 60
stratum <- rep(c("a", "b"), each = n / 2)
risk <- round(rnorm(n), 1)
time <- ceiling(rexp(n, exp(risk) / 10) * 2) / 2
censor <- ceiling(runif(n, 1, 20) * 2) / 2
event <- as.integer(time <= censor)
time <- pmin(time, censor)
data <- data.frame(stratum, risk, time, event)
write.table(data, "evaluation_survival_data.tsv", sep = "\t", row.names = FALSE, quote = FALSE)

tau <- 8.25
concord <- function(formula, ...) concordance(formula, data = data, reverse = TRUE, ...)$concordance
followed <- survfit(Surv(time, event) ~ 1, data = data, conf.type = "log-log")
at <- summary(followed, times = c(2, 8, 14))
# G(t): a patient with an event at t is not at risk of censoring at t
G <- survfit(Surv(time + ifelse(event == 0, 1e-6, 0), 1 - event) ~ 1, data = data)
G_at <- summary(G, times = c(1, 4.00001, 8.00001, 12.00001))$surv
values <- c(
  harrell = concord(Surv(time, event) ~ risk),
  harrell_stratified = concord(Surv(time, event) ~ risk + strata(stratum)),
  uno = concord(Surv(time, event) ~ risk, timewt = "n/G2"),
  uno_tau = concord(Surv(time, event) ~ risk, timewt = "n/G2", ymax = tau),
  uno_stratified_tau = concord(Surv(time, event) ~ risk + strata(stratum), timewt = "n/G2", ymax = tau),
  km_2 = at$surv[1], km_2_low = at$lower[1], km_2_high = at$upper[1],
  km_8 = at$surv[2], km_8_low = at$lower[2], km_8_high = at$upper[2],
  km_14 = at$surv[3], km_14_low = at$lower[3], km_14_high = at$upper[3],
  censoring_1 = G_at[1], censoring_4 = G_at[2], censoring_8 = G_at[3], censoring_12 = G_at[4]
)
# Brier score, weighted by the censoring distribution just before each event (pec's marginal model).
cox <- coxph(Surv(time, event) ~ risk, data = data, x = TRUE)
grid <- seq(1.25, 8.25, by = 0.5)
predicted <- round(t(summary(survfit(cox, newdata = data), times = grid)$surv), 6)
score <- pec(list(model = predicted), Surv(time, event) ~ 1, data = data, times = grid, start = NULL, exact = FALSE,
             reference = FALSE, cens.model = "marginal", verbose = FALSE)
colnames(predicted) <- grid
write.table(predicted, "evaluation_survival_predicted.tsv", sep = "\t", row.names = FALSE, quote = FALSE)
values <- c(values, setNames(score$AppErr$model, paste0("brier_", grid)))
table <- data.frame(name = names(values), value = sprintf("%.15g", values))
header <- sprintf("# %s; survival %s; pec %s; made by evaluation_survival.R", R.version.string,
                  packageVersion("survival"), packageVersion("pec"))
writeLines(header, "evaluation_survival.tsv")
suppressWarnings(write.table(table, "evaluation_survival.tsv", sep = "\t", row.names = FALSE, quote = FALSE, append = TRUE))
