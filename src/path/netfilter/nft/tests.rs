mod listing;
