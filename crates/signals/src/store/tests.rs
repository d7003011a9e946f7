mod clock;
mod endpoints;
mod polling;
mod reading;
mod reports;
mod writing;
